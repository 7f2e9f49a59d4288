/**
 * Work that many ask for at once is done once for all of them: those who ask while a turn is under way share the next one,
 * which sees whatever they did before they asked.
 */
export function sharedTurns<T>(work: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | null = null;
  let next: Promise<T> | null = null;
  const begin = (): Promise<T> => {
    next = null;
    const turn = work().finally(() => {
      if (current === turn) current = null;
    });
    current = turn;
    return turn;
  };
  return () => {
    if (current === null) return begin();
    next ??= current.then(begin, begin);
    return next;
  };
}
