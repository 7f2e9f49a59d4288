import { HALF_PATH, MARK_SIZE, type MethodLook, PLUS_PATH, PLUS_WIDTH } from '../../electron/contract/method-looks.ts';
import styles from './method-swatch.module.css';

interface MethodSwatchProps {
  readonly look: MethodLook;
  readonly className?: string | undefined;
}

/** A method's colour with its marks: beside its name, which tells the same. */
export function MethodSwatch({ look, className = '' }: MethodSwatchProps) {
  return (
    <svg className={`${styles.swatch} ${className}`} viewBox={`0 0 ${MARK_SIZE} ${MARK_SIZE}`} aria-hidden>
      <LookOfMethod look={look} />
    </svg>
  );
}

/** For surfaces larger than a swatch: the marks side by side. */
export function MethodPattern({ id, look }: { readonly id: string; readonly look: MethodLook }) {
  return (
    <pattern id={id} width={MARK_SIZE} height={MARK_SIZE} patternUnits="userSpaceOnUse">
      <LookOfMethod look={look} />
    </pattern>
  );
}

function LookOfMethod({ look: { colour, half, plus } }: { readonly look: MethodLook }) {
  return (
    <>
      <rect width={MARK_SIZE} height={MARK_SIZE} fill={colour} />
      {half && <path d={HALF_PATH} fill={half} />}
      {plus && <path d={PLUS_PATH} fill="none" stroke={plus} strokeWidth={PLUS_WIDTH} />}
    </>
  );
}
