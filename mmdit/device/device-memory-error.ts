import type { DeviceInfo } from './device.ts';

/** A model's weights need more memory than is free on the device. */
export class DeviceMemoryError extends Error {
  override readonly name = 'DeviceMemoryError';

  constructor(info: DeviceInfo, model: string, neededBytes: number, freeBytes: number) {
    const memory = `${gigabytes(freeBytes)} free of ${gigabytes(info.memoryBytes)}`;
    super(
      `${model} needs ${gigabytes(neededBytes)} for its weights as ${info.computeDtype}; ${info.name} has ${memory}. Close what else uses it, use a device with more memory${lessOnCuda(info)}, or a smaller model`,
    );
  }
}

/** What a job is going to keep on a device, beside the weights, is more than is free. Told before it starts. */
export class WorkMemoryError extends Error {
  override readonly name = 'WorkMemoryError';

  constructor(info: DeviceInfo, work: string, neededBytes: number, freeBytes: number) {
    super(
      `${work} needs about ${gigabytes(neededBytes)} on ${info.name}, and ${gigabytes(freeBytes)} are free. Make smaller or fewer pictures at once${lessOnCuda(info)}`,
    );
  }
}

/** A device ran out of memory in the middle of work. What it held before is intact. */
export class OutOfDeviceMemoryError extends Error {
  override readonly name = 'OutOfDeviceMemoryError';

  constructor(device: string, options?: ErrorOptions) {
    super(`${device} ran out of memory. Use a smaller picture or fewer prompts at once, or free memory on it`, options);
  }
}

function lessOnCuda({ kind }: DeviceInfo): string {
  return kind === 'cuda' ? ', keep projections in fp8 (cuda+fp8) or in host memory (cuda+offload)' : '';
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
