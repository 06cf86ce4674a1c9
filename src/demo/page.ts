import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';

interface PageFile {
  readonly type: string;
  readonly body: Buffer;
}

const FILES: Readonly<Record<string, { readonly file: string; readonly type: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  '/style.css': { file: 'style.css', type: 'text/css; charset=utf-8' },
  '/app.js': { file: 'app.js', type: 'text/javascript; charset=utf-8' },
  '/closing.js': { file: 'closing.js', type: 'text/javascript; charset=utf-8' },
  '/connection.js': { file: 'connection.js', type: 'text/javascript; charset=utf-8' },
  '/conversation.js': { file: 'conversation.js', type: 'text/javascript; charset=utf-8' },
  '/panel.js': { file: 'panel.js', type: 'text/javascript; charset=utf-8' },
  '/favicon.svg': { file: 'favicon.svg', type: 'image/svg+xml' },
};

export interface PageOptions {
  /** The WebSocket address that the page talks to. */
  readonly gatewayUrl: string;
  /** Path of the room behind the gateway; its port is the page's own. */
  readonly upstreamPath: string;
}

/** Reads the page's files once and answers requests for them; nothing else can be asked for. */
export async function loadPage(
  options: PageOptions,
): Promise<(request: IncomingMessage, response: ServerResponse) => void> {
  const files = await readFiles();
  const policy = contentSecurityPolicy(options.gatewayUrl);

  return (request, response) => {
    request.resume();
    const path = pathOf(request);
    const file = path === '/gateway.json' ? wayOf(request, options) : files.get(path);
    if (file === undefined) refuse(response, 404, 'There is nothing here. The chat page is at /\n');
    else if (request.method !== 'GET' && request.method !== 'HEAD')
      refuse(response, 405, 'Only GET and HEAD.\n');
    else {
      response.writeHead(200, {
        'Content-Type': file.type,
        'Content-Length': file.body.length,
        'Cache-Control': 'no-store',
        'Content-Security-Policy': policy,
        'Referrer-Policy': 'no-referrer',
        'X-Content-Type-Options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? undefined : file.body);
    }
  };
}

/** Tells the page where its bytes go. */
function wayOf(request: IncomingMessage, { gatewayUrl, upstreamPath }: PageOptions): PageFile {
  const upstream = `ws://localhost:${request.socket.localPort}${upstreamPath}`;
  return { type: 'application/json', body: Buffer.from(JSON.stringify({ gateway: gatewayUrl, upstream })) };
}

/** Path of a request without its query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

async function readFiles(): Promise<Map<string, PageFile>> {
  const folder = new URL('./page/', import.meta.url);
  const read = Object.entries(FILES).map(async ([path, { file, type }]): Promise<[string, PageFile]> => {
    return [path, { type, body: await readFile(new URL(file, folder)) }];
  });
  return new Map(await Promise.all(read));
}

function contentSecurityPolicy(gateway: string): string {
  const { protocol, host } = new URL(gateway);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${protocol}//${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function refuse(response: ServerResponse, status: 404 | 405, text: string): void {
  const allow = status === 405 ? { Allow: 'GET, HEAD' } : {};
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', ...allow });
  response.end(text);
}
