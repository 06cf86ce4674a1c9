import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium } from './chromium.ts';
import { DemoCommand } from './command.ts';

const RESULTS = fileURLToPath(new URL('../../test-results/', import.meta.url));
const PAGE = 'http://localhost:8080/';
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

const title =
  chromiumPath === null
    ? 'the demo page in Chromium (skipped: no Chromium at /usr/bin/chromium; CHROMIUM=/path names another)'
    : 'the demo page in Chromium';

describe.skipIf(chromiumPath === null)(title, { timeout: 30_000 }, () => {
  const problems: string[] = [];
  let command: DemoCommand;
  let browser: Browser;
  let ada: Page;
  let grace: Page;

  beforeAll(async () => {
    await mkdir(RESULTS, { recursive: true });
    command = await DemoCommand.start();
    browser = await launchChromium(chromiumPath ?? '');
    ada = await open(DESKTOP, 'Ada');
    grace = await open(PHONE, 'Grace');
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await command?.kill();
  });

  /** Opens the page in a profile of its own, under the given name. */
  async function open(device: typeof DESKTOP | typeof PHONE, name: string): Promise<Page> {
    const context = await browser.newContext({ ...device, colorScheme: 'light' });
    await context.addInitScript(`sessionStorage.setItem('wsfw-demo-name', '${name}')`);
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (line) => {
      if (line.text().includes('Content Security Policy')) problems.push(line.text());
    });
    await page.goto(PAGE);
    await connected(page);
    return page;
  }

  const connected = (page: Page) => page.locator('#state[data-state="open"]').waitFor();

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
  }

  const hear = (page: Page, text: string) => page.locator('.bubble', { hasText: text }).waitFor();
  const picture = (page: Page, name: string) => page.screenshot({ path: `${RESULTS}demo-${name}.png` });

  it('lets two pages chat with each other', async () => {
    await say(ada, 'Good morning! Is anybody behind the gateway?');
    await hear(grace, 'Good morning!');
    await say(grace, 'Loud and clear.');
    await hear(ada, 'Loud and clear.');
    await say(ada, 'Lovely. What you read is what I wrote, byte for byte.');
    await hear(grace, 'byte for byte');
    expect(await ada.locator('#people li').allTextContents()).toEqual(['AAdayou', 'GGrace']);
    expect(await ada.locator('.mine .trip').first().textContent()).toMatch(/ ms$/);
  });

  it('shows what people write as text, never as markup', async () => {
    await say(grace, '<img src=x onerror=alert(1)><b>bold?</b>');
    await hear(ada, '<b>bold?</b>');
    expect(await ada.locator('.log img, .log .bubble b').count()).toBe(0);
  });

  it('sends bytes there and back unchanged', async () => {
    const same = await ada.evaluate<boolean>(`new Promise((resolve, reject) => {
      const bytes = crypto.getRandomValues(new Uint8Array(65536));
      const socket = new WebSocket('ws://localhost:8090/ws/chat');
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => socket.send(bytes);
      socket.onerror = () => reject(new Error('the connection failed'));
      socket.onmessage = ({ data }) => {
        if (typeof data === 'string') return;
        const back = new Uint8Array(data);
        socket.close(1000);
        resolve(back.length === bytes.length && back.every((byte, i) => byte === bytes[i]));
      };
    })`);
    expect(same).toBe(true);
    await ada.getByRole('button', { name: 'Send 1 KiB of bytes' }).click();
    await ada.getByText(/1,024 bytes went there and back in .* unchanged/).waitFor();
  });

  it('looks right on a desktop and on a phone', async () => {
    await picture(ada, 'desktop');
    await picture(grace, 'phone');
    for (const page of [ada, grace]) {
      const width = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      expect(width).toBeLessThanOrEqual(0);
    }
    await grace.getByRole('button', { name: 'Details' }).click();
    await grace.getByText('Things to try').waitFor();
    await picture(grace, 'phone-details');
    await grace.keyboard.press('Escape');
    await grace.getByLabel('Message', { exact: true }).waitFor();
    await ada.emulateMedia({ colorScheme: 'dark' });
    await picture(ada, 'desktop-dark');
    await ada.emulateMedia({ colorScheme: 'light' });
  });

  it('shows the close code when the gateway stops', async () => {
    const exit = command.interrupt();
    for (const page of [ada, grace]) {
      const ending = page.locator('.ending').last();
      await ending.waitFor();
      expect(await ending.locator('.code').textContent()).toBe('1012');
      expect(await ending.locator('.reason').textContent()).toBe('service restart');
    }
    await picture(ada, 'desktop-closed');
    await picture(grace, 'phone-closed');
    expect(await exit).toBe(0);
  });

  it('finds back by itself when the gateway is there again', async () => {
    command = await DemoCommand.start();
    await connected(ada);
    await connected(grace);
    await say(grace, 'Still here.');
    await hear(ada, 'Still here.');
    expect(problems).toEqual([]);
  });
});
