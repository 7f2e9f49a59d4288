/** The bundle without maps and 3D has the types of the whole. */
declare module 'plotly.js-cartesian-dist-min' {
  export * from 'plotly.js';
}
