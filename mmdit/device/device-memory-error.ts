/** A model's weights are larger than the device's memory. */
export class DeviceMemoryError extends Error {
  override readonly name = 'DeviceMemoryError';

  constructor(device: string, model: string, neededBytes: number, memoryBytes: number, dtype: string) {
    super(
      `${model} needs ${gigabytes(neededBytes)} for its weights as ${dtype}; ${device} has ${gigabytes(memoryBytes)}. Use a device with more memory, or a smaller model`,
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

export function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
