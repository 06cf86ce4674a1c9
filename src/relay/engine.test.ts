import { createRelayEngine } from './engine.ts';
import { relaySuite } from './relay.suite.ts';

relaySuite('createRelayEngine, reading streams', createRelayEngine);
relaySuite('createRelayEngine, reading directly', (parts) =>
  createRelayEngine({ ...parts, readsDirectly: () => true }),
);
