import { NOT_YET } from './deadlines.ts';
import type { End } from './end.ts';

/** How far the closing of one end has come. */
export const PHASES = {
  /** It has not been told anything. */
  open: 0,
  /** A close frame to it is queued or sent; its answer is awaited. */
  closing: 1,
  /** Its TCP is being ended. */
  ending: 2,
  /** Its socket is released. */
  gone: 3,
} as const;

export type Phase = (typeof PHASES)[keyof typeof PHASES];

/** The closing of one end. */
export class Closing {
  readonly end: End;
  phase: Phase = PHASES.open;
  /** Coarse time at which the present phase is cut short. */
  limitAt = NOT_YET;
  /** Codes of the close frames from it and to it; 1005 for one without a code. */
  received: number | null = null;
  sent: number | null = null;
  /** It cannot be listened to any more, so no answer to a close would be seen: TCP ends right behind ours. */
  endsAfterClose = false;

  constructor(end: End) {
    this.end = end;
  }
}
