import { expect, it } from 'vitest';
import { createGateway } from '../../src/index.ts';
import { forwardingConfig } from '../support/gateway.ts';

it('does not start a gateway that was stopped before, since nobody would stop it again', async () => {
  const config = forwardingConfig('ws://127.0.0.1:1/', {}, { address: '127.0.0.1:0' });
  const gateway = createGateway({ config });
  await gateway.stop();
  await expect(gateway.start()).rejects.toThrow('stopped before it started');
});
