import { createRelayEngine } from './engine.ts';
import { relaySuite } from './relay.suite.ts';

relaySuite('createRelayEngine', createRelayEngine);
