import type { LpipsNetwork } from './networks.ts';

/** A file of weights as its authors publish it. */
export interface PublishedFile {
  /** For people: what it holds. */
  readonly what: string;
  /** The file's own name. */
  readonly name: string;
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
}

const TORCHVISION = 'https://download.pytorch.org/models/';
/** The state of LPIPS's repository in which its weights have been since 2020. */
const LPIPS =
  'https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/082bb24f84c091ea94de2867d34c4544f68e0963/lpips/weights/v0.1/';

/** torchvision's names carry the first eight digits of their sha256. */
function backbone(name: string, bytes: number, sha256: string): PublishedFile {
  return { what: "torchvision's backbone", name, url: `${TORCHVISION}${name}`, bytes, sha256 };
}

function heads(name: string, bytes: number, sha256: string): PublishedFile {
  return { what: "LPIPS's linear heads v0.1", name, url: `${LPIPS}${name}`, bytes, sha256 };
}

/** What makes LPIPS of each network: its backbone and its linear heads. */
export const PUBLISHED_WEIGHTS: Readonly<
  Record<LpipsNetwork, readonly [backbone: PublishedFile, heads: PublishedFile]>
> = {
  alex: [
    backbone(
      'alexnet-owt-7be5be79.pth',
      244_408_911,
      '7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02',
    ),
    heads('alex.pth', 6009, 'df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0'),
  ],
  vgg: [
    backbone('vgg16-397923af.pth', 553_433_881, '397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0'),
    heads('vgg.pth', 7289, 'a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868'),
  ],
  squeeze: [
    backbone(
      'squeezenet1_1-b8a52dc0.pth',
      4_958_839,
      'b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b',
    ),
    heads('squeeze.pth', 10_811, '4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76'),
  ],
};

/** Heads of the first version, whose inputs were not scaled: of the same shapes, but other numbers come out. */
export const SUPERSEDED_HEADS: ReadonlySet<string> = new Set([
  '18720f55913d0af89042f13faa7e536a6ce1444a0914e6db9461355ece1e8cd5',
  'b9e4236260c3dd988fc79d2a48d645d885afcbb21f9fd595e6744cf7419b582c',
  'c27abd3a0145541baa50990817df58d3759c3f8154949f42af3b59b4e042d0bf',
]);
