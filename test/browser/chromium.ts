import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** Where the browser is, or `null`. `CHROMIUM=/path/to/chromium` names another. */
export const chromiumPath: string | null =
  CANDIDATES.find((path) => path !== undefined && path !== '' && existsSync(path)) ?? null;

/** Starts a headless browser with a new profile that talks to nobody but the pages it is given. */
export function launchChromium(path: string): Promise<Browser> {
  return chromium.launch({
    executablePath: path,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
