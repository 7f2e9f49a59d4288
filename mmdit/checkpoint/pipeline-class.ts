/** Pipelines of diffusers that change pictures, over the same transformer as text to image and with the same parts. */
const TEXT_TO_IMAGE: Readonly<Record<string, string>> = {
  FluxImg2ImgPipeline: 'FluxPipeline',
  FluxInpaintPipeline: 'FluxPipeline',
  FluxKontextPipeline: 'FluxPipeline',
  FluxKontextInpaintPipeline: 'FluxPipeline',
  StableDiffusion3Img2ImgPipeline: 'StableDiffusion3Pipeline',
  StableDiffusion3InpaintPipeline: 'StableDiffusion3Pipeline',
  StableDiffusion3PAGPipeline: 'StableDiffusion3Pipeline',
  StableDiffusion3PAGImg2ImgPipeline: 'StableDiffusion3Pipeline',
};

/** The pipeline that makes pictures from text with a checkpoint of this class: another for image to image and the like. */
export function textToImageClass(listedClass: string): string {
  return Object.hasOwn(TEXT_TO_IMAGE, listedClass) ? TEXT_TO_IMAGE[listedClass]! : listedClass;
}
