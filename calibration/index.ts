/** Calibration's public door: measuring, solving, schemes, metrics and run folders. */

export { ablationCsv } from './ablation/ablation-csv.ts';
export {
  ABLATION_FILE,
  type AblationFile,
  type AblationResult,
  type AblationSettings,
  readAblation,
  writeAblation,
} from './ablation/ablation-file.ts';
export { ablationMarkdown } from './ablation/ablation-markdown.ts';
export { type MeasuredTable, measuredTables } from './ablation/ablation-report.ts';
export { type AblationSearch, searchKey, searchSlug } from './ablation/ablation-search.ts';
export { ABLATION_TABLES, type AblationTableId, planAblation } from './ablation/plan-ablation.ts';
export { CalibrationError, CalibrationFileError } from './calibration-error.ts';
export { measureSavings } from './cost/measure-savings.ts';
export { MEASURED_SAVINGS_FILE, readMeasuredSavings } from './cost/measured-savings-file.ts';
export type { LayerSavings, Savings } from './cost/savings.ts';
export { layerSavings } from './cost/savings.ts';
export { readSavings } from './cost/savings-file.ts';
export { type AttentionCost, type AttentionShape, attentionCost, planSparsity } from './cost/sparsity.ts';
export { readJsonFile } from './json-file.ts';
export { compareImages } from './metrics/compare-images.ts';
export { type Distances, distancesOf } from './metrics/distances.ts';
export { ImageComparisonError } from './metrics/image-error.ts';
export { compareWithLpips, type ImageComparison } from './metrics/lpips/compare-with-lpips.ts';
export {
  addWeights,
  type InstalledWeights,
  installedWeights,
  makeWeightsFolder,
  weightsFolder,
} from './metrics/lpips/installed-weights.ts';
export { LPIPS_NETWORKS, type LpipsNetwork } from './metrics/lpips/networks.ts';
export { PUBLISHED_WEIGHTS, type PublishedFile } from './metrics/lpips/published-weights.ts';
export type { RseTable, TableSampling } from './rse/rse-table.ts';
export { encodeRseTable, readRseTable, writeRseTable } from './rse/rse-table-file.ts';
export { plainFile } from './runs/plain-file.ts';
export { createRun, createRunIn, type NewRun, openRun, type Run } from './runs/run.ts';
export { claimRun, describeHolder, RunBusyError, runWorker, whileChanging } from './runs/run-claim.ts';
export type { AppliedPicture } from './runs/applied-file.ts';
export {
  APPLIED_FILE,
  CHANGE_FILE,
  CLAIM_FILE,
  COMPRESSED_FILE,
  DIFFERENCE_FILE,
  METRICS_FILE,
  ORIGINAL_FILE,
  RSE_FILE,
  RUN_FILE,
  SCHEME_FILE,
} from './runs/run-files.ts';
export type { PictureMetrics, RunManifest, StoredSummary } from './runs/run-manifest.ts';
export { isCancellation, workOnRun } from './runs/work-on-run.ts';
export {
  type AppliedScheme,
  applyScheme,
  type SchemeMismatch,
  SchemeMismatchError,
  schemeMismatches,
} from './scheme/apply-scheme.ts';
export { type AppliedReport, appliedReport, type ExpectedAttention } from './scheme/applied-report.ts';
export { buildScheme } from './scheme/build-scheme.ts';
export type { Scheme } from './scheme/scheme.ts';
export { formatScheme, readScheme, writeScheme } from './scheme/scheme-file.ts';
export { type CalibrateOptions, type Calibration, calibrate } from './search/calibrate.ts';
export type { CalibrationProgress } from './search/calibration-progress.ts';
export {
  boundsOf,
  type CalibrationRequest,
  type CalibrationSetup,
  prepareCalibration,
  whyUnguided,
} from './search/calibration-request.ts';
export { greedyCandidates } from './search/ditfastattn/greedy-candidates.ts';
export { measureCandidates } from './search/measure-candidates.ts';
export type { CostSource, SearchSettings } from './search/search-settings.ts';
export { GRANULARITIES, type Granularity } from './solver/granularity.ts';
export { SolverLimitError } from './solver/pareto-search.ts';
export { type PlanChoices, type PlanPin, type PlanSpace, solvePlan } from './solver/solve-plan.ts';
export { nestedPlan, type SolvedTable, type SolveSettings, solveTable, withFull } from './solver/solve-table.ts';
