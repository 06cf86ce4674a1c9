import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descriptorLimit, localPorts, tooMany } from './limits.mjs';

const ENOUGH = { files: 65_536, ports: 28_232 };

test('says plainly what to raise when the machine allows too few sockets', () => {
  assert.match(
    tooMany(16_000, { ...ENOUGH, files: 1_024 }) ?? '',
    /needs 16200 open files .* 1024 .*`ulimit -n 16200`/,
  );
  assert.match(tooMany(16_000, { ...ENOUGH, ports: 5_000 }) ?? '', /16000 local ports.*ip_local_port_range/);
  assert.equal(tooMany(16_000, ENOUGH), null);
});

test('knows the limits of this machine', () => {
  assert.ok(descriptorLimit() > 0);
  assert.ok(localPorts() > 0);
});
