/** ONNX Runtime refused a graph or failed while it ran: names the graph; the cause has the runtime's own words. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
  readonly graph: string;

  constructor(graph: string, problem: string, options?: ErrorOptions) {
    super(`${graph}: ${problem}`, options);
    this.graph = graph;
  }
}
