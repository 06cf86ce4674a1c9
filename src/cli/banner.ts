import { type Paint, paint, printable } from './terminal.ts';

export interface BannerRoute {
  /** Upper case; `['*']` for all. */
  readonly methods: readonly string[];
  readonly pattern: string;
  /** `null` when the route takes any host. */
  readonly host: string | null;
  /** Names, in the order in which a request passes them; global ones first. */
  readonly middlewares: readonly string[];
  readonly action: string;
  /** `null` when the action does not forward. */
  readonly upstream: string | null;
}

/** What `wsfw start` has to say once it listens. */
export interface BannerInput {
  readonly version: string;
  /** `''` when the configuration names none. */
  readonly appName: string;
  readonly listening: { readonly url: string };
  /** Processes that share the port. */
  readonly workers: number;
  readonly routes: readonly BannerRoute[];
  /** `null` when the health routes are off. */
  readonly health: { readonly live: string; readonly ready: string } | null;
  /** `null` without `--demo`. */
  readonly demo: { readonly pageUrl: string; readonly upstreamUrl: string } | null;
}

const LABEL_WIDTH = 'Listening'.length;
const INDENT = '  ';
const GAP = '   ';

/** Lays out what a newcomer needs to know, in lines that end with a line break. */
export function renderBanner(input: BannerInput, options: { readonly color: boolean }): string {
  const style = paint(options.color);
  const blocks = [
    title(input, style),
    facts(input, style),
    routes(input.routes, style),
    invitation(input.demo, style),
    [style.faint('Ctrl-C stops everything in good order.')],
  ];
  const lines = blocks.filter((block) => block.length > 0).flatMap((block) => [...block, '']);
  return ['', ...lines].map((line) => (line === '' ? '\n' : `${INDENT}${line}\n`)).join('');
}

function title({ version, appName }: BannerInput, style: Paint): string[] {
  const name = `${style.strong('wsfw')} ${style.faint(printable(version))}`;
  return [appName === '' || appName === 'wsfw' ? name : `${name}${GAP}${printable(appName)}`];
}

function facts({ listening, workers, health, demo }: BannerInput, style: Paint): string[] {
  const lines = [fact('Listening', style.strong(printable(listening.url)), style)];
  if (workers > 1)
    lines.push(fact('Workers', `${workers} ${style.faint('(processes that share the port)')}`, style));
  if (health !== null) {
    const paths = [health.live, health.ready].map(printable);
    lines.push(fact('Health', paths.join(GAP), style));
  }
  if (demo !== null) {
    lines.push(
      fact('Demo', `${printable(demo.upstreamUrl)} ${style.faint('(a chat room to forward to)')}`, style),
    );
  }
  return lines;
}

function fact(label: string, text: string, style: Paint): string {
  return `${style.faint(label.padEnd(LABEL_WIDTH))}${GAP}${text}`;
}

function routes(all: readonly BannerRoute[], style: Paint): string[] {
  if (all.length === 0) return [style.faint('No routes: every request is answered with 404.')];
  const width = Math.max(...all.map((route) => methodsOf(route).length));
  const indent = ' '.repeat(width) + GAP;
  return [
    `${style.faint('Routes: path, then middlewares → action → upstream')}`,
    ...all.flatMap((route) => [
      `${style.accent(methodsOf(route).padEnd(width))}${GAP}${style.strong(whereOf(route))}`,
      `${indent}${wayThrough(route, style)}`,
    ]),
  ];
}

function methodsOf({ methods }: BannerRoute): string {
  return methods.includes('*') ? 'all' : printable(methods.join(','));
}

function whereOf({ host, pattern }: BannerRoute): string {
  return printable(`${host ?? ''}${pattern}`);
}

function wayThrough({ middlewares, action, upstream }: BannerRoute, style: Paint): string {
  const steps = upstream === null ? [...middlewares, action] : [...middlewares, action, upstream];
  return steps.map(printable).join(style.faint(' → '));
}

function invitation(demo: BannerInput['demo'], style: Paint): string[] {
  if (demo === null) return [];
  return [
    `Open ${style.strong(style.accent(printable(demo.pageUrl)))} in a browser to chat through the gateway.`,
  ];
}
