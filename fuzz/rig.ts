import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { Canary } from './canary.ts';
import type { Case, Step } from './case.ts';
import type { Fault } from './fault.ts';
import { type GatewayHandle, GatewayHandle as Handle } from './gateway-handle.ts';
import { acceptFor, keyOf } from './judge-request.ts';
import type { GatewayPorts, GatewayState } from './messages.ts';
import { certificate } from './paths.ts';
import { Peer, type SideRecord } from './peer.ts';
import { judge, type Played } from './verdict.ts';

/** Everything that a step or the gateway may wait for, and then some. */
const OVER_MS = 14_000;
/** For the gateway to let go of everything once nobody is connected. */
const QUIET_MS = 12_000;
const MAX_HEAP_GROWTH_BYTES = 24 * 1024 * 1024;

/** What an upstream does that no case has a word on. */
const ECHO: readonly Step[] = [
  {
    do: 'bytes',
    text: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{extensions}\r\n',
  },
  { do: 'echo' },
];

interface Underway {
  readonly played: Case;
  readonly upstreams: { readonly peer: Peer; readonly done: Promise<void> }[];
}

/** A gateway process, its upstreams in this process, and connections that must go on working all the time. */
export class Rig {
  readonly #servers: Server[] = [];
  readonly #accepted = new Set<Socket>();
  readonly #underway = new Map<string, Underway>();
  #gateway: GatewayHandle = new Handle();
  #ports: GatewayPorts = { plainPort: 0, tlsPort: 0, proxyPort: 0 };
  #canaries: Canary[] = [];
  #baseline: GatewayState | null = null;
  #nextId = 1;

  get gateway(): GatewayHandle {
    return this.#gateway;
  }

  /** How long an echo took at worst, and lately. */
  get canaryDelay(): { readonly worstMs: number; readonly latestMs: number } {
    return {
      worstMs: Math.max(0, ...this.#canaries.map((canary) => canary.worstMs)),
      latestMs: Math.max(0, ...this.#canaries.map((canary) => canary.latestMs)),
    };
  }

  async start(watchCoverage: boolean): Promise<void> {
    const tls = { cert: readFileSync(certificate('server')), key: readFileSync(certificate('server-key')) };
    const serve = (socket: Socket) => this.#serve(socket);
    const plain = await listen(createServer({ allowHalfOpen: true }, serve));
    const secure = await listen(createTlsServer({ ...tls, allowHalfOpen: true }, serve));
    this.#servers.push(plain, secure);
    this.#ports = await this.#gateway.start({
      upstream: { plainPort: portOf(plain), tlsPort: portOf(secure), caFile: certificate('ca') },
      certFile: certificate('server'),
      keyFile: certificate('server-key'),
      watchCoverage,
    });
    this.#canaries = [
      new Canary(connect(this.#ports.plainPort, '127.0.0.1')),
      new Canary(connectTls({ port: this.#ports.tlsPort, host: '127.0.0.1', rejectUnauthorized: false })),
    ];
    await Promise.all(this.#canaries.map((canary) => canary.opened));
  }

  async stop(): Promise<void> {
    for (const canary of this.#canaries) canary.stop();
    await this.#gateway.stop();
    for (const server of this.#servers) server.close();
    for (const socket of this.#accepted) socket.destroy();
  }

  /** Plays a case against the gateway and judges it. */
  async play(played: Case): Promise<Fault | null> {
    const id = `case-${this.#nextId++}`;
    const underway: Underway = { played, upstreams: [] };
    this.#underway.set(id, underway);
    try {
      const client = await this.#connect(played);
      const peer = new Peer(client.socket, 'client', (text) => text.replaceAll('{case}', id), client.tcp);
      await peer.play(played.client);
      // As long as the upstream speaks nobody has to end anything.
      await Promise.all(underway.upstreams.map(({ done }) => done));
      const over = await peer.over(OVER_MS);
      const upstreams = await this.#endUpstreams(underway);
      return judge(played, { client: peer.record, upstreams, over } satisfies Played);
    } catch (error) {
      return { name: 'no connection', detail: String(error) };
    } finally {
      this.#underway.delete(id);
    }
  }

  /** What the gateway itself and its canaries say, at any time. */
  async look(): Promise<Fault | null> {
    const { complaints } = await this.#gateway.state();
    const [complaint] = complaints;
    if (complaint !== undefined) return { name: complaint.split('\n')[0] ?? '', detail: complaint };
    const fault = this.#canaries.map((canary) => canary.fault).find((each) => each !== null);
    return fault === undefined || fault === null ? null : { name: 'the canary', detail: fault };
  }

  /** With nothing under way: whether the gateway has let go of everything. */
  async quiesce(): Promise<Fault | null> {
    const endMs = performance.now() + QUIET_MS;
    for (;;) {
      const state = await this.#gateway.state(true);
      const left = this.#leftover(state);
      if (left === null) {
        this.#baseline ??= state;
        return null;
      }
      if (performance.now() > endMs) return { name: `leak: ${left.name}`, detail: left.detail };
      await setTimeout(100);
    }
  }

  #leftover(state: GatewayState): Fault | null {
    const { connections, pendingHandshakes, sockets, timers, heapBytes } = state;
    if (connections !== this.#canaries.length)
      return { name: 'connections', detail: `${connections} connections` };
    if (pendingHandshakes > 0) return { name: 'handshakes', detail: `${pendingHandshakes} pending` };
    const base = this.#baseline;
    if (base === null) return null;
    if (sockets > base.sockets) return { name: 'sockets', detail: `${sockets}, at first ${base.sockets}` };
    if (timers > base.timers) return { name: 'timers', detail: `${timers}, at first ${base.timers}` };
    const grown = heapBytes - base.heapBytes;
    return grown > MAX_HEAP_GROWTH_BYTES
      ? { name: 'heap', detail: `${Math.round(grown / 1024)} KiB more` }
      : null;
  }

  async #connect({ over }: Case): Promise<{ socket: Socket; tcp: Socket }> {
    const { plainPort, tlsPort, proxyPort } = this.#ports;
    const tcp = connect({
      port: { tcp: plainPort, tls: tlsPort, 'no-tls': tlsPort, proxy: proxyPort }[over],
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    tcp.setNoDelay(true);
    tcp.on('error', () => {});
    await once(tcp, 'connect');
    if (over !== 'tls') return { socket: tcp, tcp };
    const socket = connectTls({ socket: tcp, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    socket.allowHalfOpen = true;
    return { socket, tcp };
  }

  async #endUpstreams({ upstreams }: Underway): Promise<SideRecord[]> {
    await Promise.all(upstreams.map(({ done }) => done));
    await Promise.all(upstreams.map(({ peer }) => peer.over(OVER_MS)));
    return upstreams.map(({ peer }) => peer.record);
  }

  /** Reads a request, and does what its case says; whatever belongs to no case is echoed. */
  #serve(socket: Socket): void {
    this.#accepted.add(socket);
    socket.on('close', () => this.#accepted.delete(socket));
    socket.on('error', () => {});
    socket.setNoDelay(true);
    let heard = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      const text = heard.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      socket.off('data', onData);
      const id = /^X-Fuzz-Case:(.*)$/im.exec(text)?.[1]?.trim() ?? '';
      const extensions = /permessage-deflate/i.test(text)
        ? 'Sec-WebSocket-Extensions: permessage-deflate\r\n'
        : '';
      this.#take(socket, heard, { id, accept: acceptFor(keyOf(text)), extensions });
    };
    socket.on('data', onData);
  }

  #take(socket: Socket, heard: Buffer, request: { id: string; accept: string; extensions: string }): void {
    const underway = this.#underway.get(request.id);
    const fill = (text: string) =>
      text.replaceAll('{accept}', request.accept).replaceAll('{extensions}', request.extensions);
    const peer = new Peer(socket, 'upstream', fill);
    peer.hear(heard);
    const done = peer.play(underway?.played.upstream ?? ECHO);
    underway?.upstreams.push({ peer, done });
  }
}

async function listen(server: Server): Promise<Server> {
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
