export const ARCHIVE = 'arrowhead-linux-x64.tar.xz';
export const ONNX_RUNTIME_ARCHIVE = 'arrowhead-linux-x64-onnxruntime.tar.xz';

/** Lines for a shell. */
export const HOW_TO_USE = [
  `tar xf ${ARCHIVE} && ./arrowhead/arrowhead --help`,
  `tar xf ${ONNX_RUNTIME_ARCHIVE}    # in the same folder, over the first`,
];

/** The README that lies in a bundle. */
export function bundleNotes({ version, node, needs }) {
  return `Arrowhead ${version} for linux-x64 with all that it needs: no network, no installation, no Node.

${HOW_TO_USE.map((line) => `    ${line}`).join('\n')}

The second archive is ONNX Runtime: text encoders, VAE, LPIPS and every matrix product on the CPU need it. The launcher
"arrowhead" works from any folder and through links. The system brings glibc ${needs.glibc} or newer and a libstdc++ that has
${needs.libstdcxx}; for CUDA also NVIDIA's driver and its cuBLASLt.

Arrowhead's licence is in LICENSE; those of packages lie beside them in node_modules. bin/node is Node.js ${node}:
https://github.com/nodejs/node/blob/${node}/LICENSE. ONNX Runtime is under the MIT licence:
https://github.com/microsoft/onnxruntime/blob/main/LICENSE.
`;
}
