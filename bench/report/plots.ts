export async function drawPlots(_: unknown): Promise<[string, string][]> {
  return [];
}
