import type { PreparedAnswer } from './prepared-answer.ts';

/** Where an answer goes. */
export interface AnswerSink {
  /**
   * Sends the answer and sees to the connection afterwards. Never rejects.
   * @returns whether the client was still there to be answered.
   */
  send(answer: PreparedAnswer): Promise<boolean>;
}
