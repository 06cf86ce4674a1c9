import assert from 'node:assert/strict';
import { test } from 'node:test';
import { descriptorLimit, localPorts, tooMany } from './limits.mjs';

const NEEDS = { files: 16_000, ports: 8_000 };
const ENOUGH = { files: 65_536, ports: 28_232 };

test('says plainly what to raise when the machine allows too few sockets', () => {
  const files = tooMany(NEEDS, { ...ENOUGH, files: 1_024 });
  assert.match(files ?? '', /needs 16200 open files .* 1024 .*`ulimit -n 16200`/);
  const ports = tooMany(NEEDS, { ...ENOUGH, ports: 5_000 });
  assert.match(ports ?? '', /8000 local ports, and there are 5000.*ip_local_port_range/);
  assert.equal(tooMany(NEEDS, ENOUGH), null);
});

test('knows the limits of this machine', () => {
  assert.ok(descriptorLimit() > 0);
  assert.ok(localPorts() > 0);
});
