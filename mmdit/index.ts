/** The runtime's public door: what calibration, the command line and the workbench import. */

export type { AppliedCall } from './attention/applied-call.ts';
export { attentionFlops, attentionPairs } from './attention/attention-flops.ts';
export { AttentionMemory } from './attention/attention-memory.ts';
export type { AttentionPlan } from './attention/attention-plan.ts';
export { arrowSparsity, keptKeysPerRowBlock } from './attention/kept-keys.ts';
export {
  CACHED,
  FULL,
  formatMethod,
  type HeadMethod,
  halfWindow,
  type MethodName,
  parseMethod,
  residualFraction,
  residualFractions,
  sharesGuidance,
} from './attention/method.ts';
export { PlanAttention } from './attention/plan-attention.ts';
export { PlanError } from './attention/plan-error.ts';
export { requirePlan } from './attention/require-plan.ts';
export { keptTensors } from './attention/residual-needs.ts';
export { type BlockSize, type TokenLayout, type TokenOrder, tokenCount } from './attention/token-layout.ts';
export { Checkpoint } from './checkpoint/checkpoint.ts';
export { CheckpointError } from './checkpoint/checkpoint-error.ts';
export { Component } from './checkpoint/component.ts';
export { findCheckpoint } from './checkpoint/find-checkpoint.ts';
export { fingerprint } from './checkpoint/fingerprint.ts';
export { checkpointName } from './checkpoint/hub-cache.ts';
export { requireNoOutsideLinks } from './checkpoint/outside-links.ts';
export { readFloats } from './checkpoint/read-floats.ts';
export { SafetensorsFile } from './checkpoint/safetensors-file.ts';
export { encodeSafetensors, type TensorToWrite, writeSafetensors } from './checkpoint/safetensors-writer.ts';
export type { TensorSource } from './checkpoint/tensor-source.ts';
export type { CheckpointDescription } from './describe/describe-checkpoint.ts';
export { describeCheckpoint } from './describe/describe-checkpoint.ts';
export { DescriptionCache } from './describe/description-cache.ts';
export type { ModelDescription } from './describe/model-description.ts';
export { CpuDevice } from './device/cpu-device.ts';
export { CudaDevice } from './device/cuda/cuda-device.ts';
export { leavesCardUnusable } from './device/cuda/cuda-failure.ts';
export type {
  AttentionErrorSums,
  AttentionMap,
  Device,
  DeviceInfo,
  HeadwiseAttentionCall,
  MeasureAttentionCall,
  Tensor,
} from './device/device.ts';
export { DeviceMemoryError, OutOfDeviceMemoryError, WorkMemoryError } from './device/device-memory-error.ts';
export { freeMemory } from './device/host-memory.ts';
export {
  type DeviceName,
  DeviceNameError,
  type ListedDevice,
  listDevices,
  openDevice,
  parseDeviceName,
} from './device/open-device.ts';
export { preferredBlock } from './device/preferred-block.ts';
export { runAbortable } from './device/run-abortable.ts';
export { ShapeError } from './device/shape-error.ts';
export { UnsupportedBlockError } from './device/unsupported-block-error.ts';
export { describeIssue, plainMessage } from './files/describe-issue.ts';
export { sha256OfFile } from './files/sha256-of-file.ts';
export { lockHolder, tryFileLock, waitForFileLock } from './files/file-lock.ts';
export { makeFolder } from './files/make-folder.ts';
export { FileWriteError, isTemporaryName, writeWholeFile } from './files/write-whole-file.ts';
export type { LoadProgress } from './models/load-weights.ts';
export type { Deviation, Verification } from './models/deviation.ts';
export type { AttentionCall, AttentionHook, AttentionLayer } from './models/mmdit-model.ts';
export { verifyTransformer } from './models/verify.ts';
export { type OnnxProvider, type OnnxWish, OnnxWishError } from './onnx/onnx-provider.ts';
export { type OnnxReport, reportOnnx } from './onnx/report-onnx.ts';
export { PipelineBusyError } from './pipeline/exclusive.ts';
export { type CheckpointReport, inspectCheckpoint } from './pipeline/inspect-checkpoint.ts';
export { openPipeline } from './pipeline/open-pipeline.ts';
export { OutputError } from './pipeline/output-error.ts';
export type {
  DenoiseRequest,
  EncoderReads,
  GenerateProgress,
  GenerateRequest,
  GenerateResult,
  Latents,
  ModelIdentity,
  Pipeline,
  PredictUnder,
  PromptNotices,
  RgbImage,
  Sample,
  Sampling,
  SamplingDescription,
} from './pipeline/pipeline.ts';
export type { PipelineOptions } from './pipeline/pipeline-options.ts';
export { SUPPORTED_PIPELINES } from './pipeline/pipeline-parts.ts';
export { SamplingError } from './pipeline/sampling-error.ts';
export { verifyPipeline } from './pipeline/verify-pipeline.ts';
export {
  SYNTHETIC_SHAPES,
  type SyntheticShapeName,
  type SyntheticSize,
  writeSynthetic,
} from './synthetic/write-synthetic.ts';
export { CacheSizeError, EmbeddingFolder } from './text/embedding-folder.ts';
export type { DecodeWay } from './vae/vae-decoder.ts';
