/**
 * Questions from the benchmark to its processes, over Node's IPC channel.
 * @typedef {{ id: number, command: string, argument: unknown }} Question
 * @typedef {{ id: number, result?: unknown, error?: string }} Reply
 */

/**
 * The answering end.
 * @param {Record<string, (argument: any) => unknown>} commands
 */
export function answerParent(commands) {
  process.on('message', async (/** @type {Question} */ question) => {
    const command = commands[question.command];
    if (command === undefined) return;
    /** @type {Reply} */
    let reply;
    try {
      reply = { id: question.id, result: await command(question.argument) };
    } catch (error) {
      reply = { id: question.id, error: error instanceof Error ? error.message : String(error) };
    }
    process.send?.(reply);
  });
  // Nobody is left to measure for, however the benchmark ended.
  process.on('disconnect', () => process.exit());
}
