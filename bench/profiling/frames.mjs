import { fileURLToPath } from 'node:url';

/**
 * One line of a stack.
 * @typedef {object} Frame
 * @property {string} name For people.
 * @property {Kind} kind
 *
 * @typedef {'kernel' | 'native' | 'node' | 'wsfw' | 'script' | 'none'} Kind
 */

/** Whose code a frame is, in the order of the legend. */
export const KINDS = {
  kernel: 'kernel',
  native: 'V8, libuv and other native code',
  node: "Node's own JavaScript",
  wsfw: 'wsfw',
  script: 'other JavaScript',
  none: 'root',
};

const OWN_CODE = fileURLToPath(new URL('../../dist/', import.meta.url));

/**
 * A frame of native code, or of a process that runs no JavaScript.
 * @param {string} symbol
 * @param {boolean} isKernel
 * @returns {Frame}
 */
export function nativeFrame(symbol, isKernel) {
  if (isKernel) return { name: symbol.replace(/\.(?:isra|part|constprop)\.\d+$/, ''), kind: 'kernel' };
  return { name: shorten(symbol), kind: 'native' };
}

/**
 * A JavaScript function.
 * @param {string} name `''` for one without a name.
 * @param {string} url Where it is from; `''` for V8's own.
 * @param {number} line
 * @returns {Frame}
 */
export function scriptFrame(name, url, line) {
  const path = url.startsWith('file://') ? fileURLToPath(url) : url;
  const own = path.startsWith(OWN_CODE);
  const place = own ? path.slice(OWN_CODE.length) : (path.split('/node_modules/').at(-1) ?? path);
  const kind = own ? 'wsfw' : path.startsWith('node:') ? 'node' : url === '' ? 'native' : 'script';
  const shown = name === '' ? '(anonymous)' : name;
  return { name: place === '' ? shown : `${shown} ${basePlace(place)}:${line}`, kind };
}

/** @param {string} place */
const basePlace = (place) => (place.startsWith('/') ? (place.split('/').at(-1) ?? place) : place);

/** Template arguments, parameters and linkers' notes say little and are long. */
const shorten = (/** @type {string} */ symbol) =>
  symbol
    .replace(/^non-virtual thunk to /, '')
    .replace(/\((?!anonymous namespace).*$/, '')
    .replace(/<.*>/, '<>')
    .replace(/\(anonymous namespace\)::/g, '')
    .replace(/^v8::internal::/, 'v8::')
    .replace(/\.(?:isra|part|constprop)\.\d+$/, '');
