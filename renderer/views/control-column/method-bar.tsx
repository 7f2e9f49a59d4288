import { useId } from 'react';
import type { MethodLook } from '../../../electron/contract/method-looks.ts';
import { groupMethods, hasVariants, methodLabel } from '../../../electron/contract/methods.ts';
import { MethodPattern, MethodSwatch } from '../../plots/method-swatch.tsx';
import { useLooks } from '../../plots/use-looks.ts';
import styles from './method-bar.module.css';

/** From so many methods on, the legend leaves out those that no head uses. */
const MANY = 7;

interface MethodBarProps {
  readonly methods: readonly string[];
  /** Heads over all steps and layers, in the order of the methods. */
  readonly counts: readonly number[];
}

/** Heads per method as one bar, with its legend. */
export function MethodBar({ methods, counts }: MethodBarProps) {
  const lookOf = useLooks(methods);
  const countOf = (name: string) => counts[methods.indexOf(name)] ?? 0;
  const all = counts.reduce((sum, count) => sum + count, 0);
  const shown = methods.length < MANY ? methods : methods.filter((name) => countOf(name) > 0);
  const unused = methods.length - shown.length;
  const listed = groupMethods(shown).flatMap((group) => group.methods);
  return (
    <div>
      <Bar parts={listed.map(({ name }) => ({ name, look: lookOf(name), count: countOf(name) }))} all={all} />
      <dl className={`${styles.legend} ${hasVariants(shown) ? styles.single : ''}`} aria-label="Heads per method">
        {listed.map(({ name }) => (
          <div key={name} title={`${countOf(name)} of ${all} heads over all steps and layers`}>
            <dt>
              <MethodSwatch look={lookOf(name)} />
              {methodLabel(name)}
            </dt>
            <dd>{share(countOf(name), all)}</dd>
          </div>
        ))}
      </dl>
      {unused > 0 && (
        <p className={styles.unused}>
          {unused} more {unused === 1 ? 'method is' : 'methods are'} used by no head
        </p>
      )}
    </div>
  );
}

interface BarProps {
  readonly parts: readonly { readonly name: string; readonly look: MethodLook; readonly count: number }[];
  readonly all: number;
}

function Bar({ parts, all }: BarProps) {
  const id = useId();
  let before = 0;
  return (
    <svg className={styles.bar} aria-hidden>
      <defs>
        {parts.map(({ name, look }, n) => (
          <MethodPattern key={name} id={`${id}-${n}`} look={look} />
        ))}
      </defs>
      {parts.map(({ name, count }, n) => {
        const x = before;
        before += count;
        const percent = (heads: number) => `${all === 0 ? 0 : (100 * heads) / all}%`;
        return <rect key={name} x={percent(x)} width={percent(count)} height="100%" fill={`url("#${id}-${n}")`} />;
      })}
    </svg>
  );
}

/** Whole percents; what is there is never "0 %". */
function share(count: number, all: number): string {
  const percent = all === 0 ? 0 : (count / all) * 100;
  return count > 0 && percent < 0.5 ? '<1 %' : `${Math.round(percent)} %`;
}
