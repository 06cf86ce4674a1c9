import { WsfwError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';

/** Descriptors of passed sockets start here (sd_listen_fds(3)). */
const FIRST_FD = 3;
/** The name that tells which of several sockets is the gateway's. */
const OWN_NAME = 'wsfw';

/** A listening socket that was passed to this process: its descriptor. */
export interface PassedSocket {
  readonly listenFd?: number;
}

type Environment = Record<string, string | undefined>;

/**
 * The listening socket that systemd, or another parent process, has passed to this process, if any: `LISTEN_FDS` sockets
 * from descriptor 3 on, for the process `LISTEN_PID`. The variables are removed, so that no child takes them as meant
 * for itself.
 * @throws {WsfwError} `WSFW_ADDRESS_UNAVAILABLE` when it is not clear which socket is meant.
 */
export function takePassedSocket(env: Environment, pid: number, logger: Logger): number | undefined {
  const { LISTEN_FDS: fds, LISTEN_PID: owner, LISTEN_FDNAMES: names = '' } = env;
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete env[name];
  if (fds === undefined || fds === '0') return undefined;
  if (owner !== String(pid)) {
    const message =
      'LISTEN_FDS is not meant for this process, since LISTEN_PID is not its own: no socket is taken over';
    logger.warn({ pid, LISTEN_PID: owner ?? null }, message);
    return undefined;
  }
  const count = Number(fds);
  if (!Number.isSafeInteger(count) || count < 0)
    throw unclear(`LISTEN_FDS is ${JSON.stringify(fds)}, not a number`);
  if (count === 1) return FIRST_FD;
  const own = names.split(':').flatMap((name, i) => (name === OWN_NAME && i < count ? [FIRST_FD + i] : []));
  const [fd] = own;
  if (fd === undefined || own.length > 1)
    throw unclear(
      `${count} sockets were passed, and ${own.length} of them are named ${OWN_NAME} (FileDescriptorName=${OWN_NAME}): exactly one has to be`,
    );
  return fd;
}

const unclear = (message: string): WsfwError => new WsfwError('WSFW_ADDRESS_UNAVAILABLE', message);
