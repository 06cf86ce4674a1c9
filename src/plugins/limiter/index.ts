import { definePlugin } from '../../plugin.ts';
import { LimiterMiddleware } from './limiter-middleware.ts';

/** The built-in plugin `limiter`: limits how often a client may connect. */
export default definePlugin({ name: 'limiter', middlewares: { LimiterMiddleware } });
