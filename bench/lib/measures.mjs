/**
 * What there is to know, and how it is shown.
 * @typedef {object} Measure
 * @property {string} title
 * @property {string} unit Of the value.
 * @property {number} digits After the point.
 * @property {boolean} ratios Whether ratios of two proxies say anything.
 * @property {readonly Column[]} columns What else a round says.
 *
 * @typedef {object} Column
 * @property {string} title
 * @property {readonly string[]} details Keys, in the order in which they are shown.
 * @property {number} digits
 */

/** @type {Column} */
const CORES = {
  title: 'proxy, load, echo cores',
  details: ['proxyCores', 'loadCores', 'echoCores'],
  digits: 2,
};
/** @type {Column} */
const MESSAGES = { title: 'messages/s', details: ['messagesPerSecond'], digits: 0 };

export const MEASURES = /** @type {const} @satisfies {Record<string, Measure>} */ ({
  cpu: { title: 'CPU a message', unit: 'µs', digits: 2, ratios: true, columns: [MESSAGES, CORES] },
  throughput: {
    title: 'Throughput',
    unit: 'messages/s',
    digits: 0,
    ratios: true,
    columns: [{ title: 'MB/s', details: ['megabytesPerSecond'], digits: 1 }],
  },
  latency: {
    title: 'Latency added',
    unit: 'µs',
    digits: 0,
    ratios: false,
    columns: [
      { title: 'with the proxy, direct', details: ['whole', 'direct'], digits: 0 },
      { title: 'of it sent late', details: ['sentLate'], digits: 0 },
    ],
  },
  handshakes: {
    title: 'CPU a handshake, open and close',
    unit: 'µs',
    digits: 0,
    ratios: true,
    columns: [{ title: 'handshakes/s', details: ['handshakesPerSecond'], digits: 0 }, CORES],
  },
  memory: { title: 'Memory a connection', unit: 'KiB', digits: 2, ratios: true, columns: [] },
  heartbeats: {
    title: 'CPU while connections idle',
    unit: 'ms/s',
    digits: 1,
    ratios: false,
    columns: [],
  },
  tls: {
    title: 'CPU a message, TLS on the client side',
    unit: 'µs',
    digits: 2,
    ratios: true,
    columns: [MESSAGES, CORES],
  },
  flood: {
    title: 'Growth under a flood that nobody reads',
    unit: 'MiB',
    digits: 1,
    ratios: false,
    columns: [{ title: 'MiB taken from the upstream', details: ['takenMib'], digits: 0 }],
  },
});

/** @typedef {keyof typeof MEASURES} MeasureName */

export const MEASURE_NAMES = /** @type {MeasureName[]} */ (Object.keys(MEASURES));
