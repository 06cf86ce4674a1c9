#!/usr/bin/env node
import { systemClock } from '../base/clock.ts';
import { run } from './program.ts';

/** Everything is released when a command ends; should a plugin hold the process all the same, it is let go then. */
const LINGER_MS = 2000;

// Whoever read what is written may have gone (`wsfw schema | head`): there is nobody to tell, and nothing to end for.
for (const output of [process.stdout, process.stderr]) output.on('error', () => {});

process.exitCode = await run(process.argv.slice(2));
systemClock.after(LINGER_MS, () => process.exit());
