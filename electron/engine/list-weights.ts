import { type InstalledWeights, installedWeights, LPIPS_NETWORKS } from '../../calibration/index.ts';

/** What metrics can use and what is there; `file` is null where it is not. */
export interface WeightsListing extends Pick<InstalledWeights, 'origins' | 'published'> {
  readonly name: string;
  readonly file: string | null;
}

/** Throws CheckpointError for a damaged file. */
export function listWeights(): Promise<readonly WeightsListing[]> {
  const nothing = { file: null, origins: [], published: false };
  return Promise.all(
    LPIPS_NETWORKS.map(async (network) => ({
      name: `lpips-${network}`,
      ...((await installedWeights(network)) ?? nothing),
    })),
  );
}
