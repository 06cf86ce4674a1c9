import type { Logger } from '../base/logger.ts';

/**
 * What nobody caught. An unhandled rejection is logged and counted: one careless plugin must not end everybody's
 * connections. After an uncaught exception nothing can be trusted any more.
 * @returns resolves at the first uncaught exception.
 */
export function untilUncaught(logger: Logger): Promise<void> {
  let rejections = 0;
  process.on('unhandledRejection', (reason) => {
    rejections++;
    logger.error(
      { err: reason, unhandledRejections: rejections },
      'a promise was rejected and nobody handled it',
    );
  });
  return new Promise((resolve) => {
    process.on('uncaughtException', (err) => {
      logger.error({ err }, 'an exception was not caught: draining, then exiting');
      resolve();
    });
  });
}
