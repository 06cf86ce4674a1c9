import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded into a gateway's process (node --import): at SIGUSR2 it collects garbage and prints how much of the heap is in
// use.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
let times = 0;
process.on('SIGUSR2', () => {
  collect();
  // What finalizers let go of is garbage only then.
  setTimeout(() => {
    collect();
    process.stdout.write(`heap ${++times}: ${process.memoryUsage().heapUsed}\n`);
  }, 100);
});
