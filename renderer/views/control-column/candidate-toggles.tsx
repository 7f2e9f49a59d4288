import { ToggleGroup } from 'radix-ui';
import chip from '../../design/chip.module.css';
import { MethodGroups } from '../../plots/method-groups.tsx';
import { MethodSwatch } from '../../plots/method-swatch.tsx';
import { useLooks } from '../../plots/use-looks.ts';

interface CandidateTogglesProps {
  /** What may be offered, beside `full`. */
  readonly methods: readonly string[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: string[]) => void;
}

/** Which methods the search may choose from, beside full attention. */
export function CandidateToggles({ methods, chosen, onChange }: CandidateTogglesProps) {
  const lookOf = useLooks(methods);
  return (
    <ToggleGroup.Root
      type="multiple"
      value={[...chosen]}
      // In the order of the methods, whatever the order of the clicks: equal choices are equal settings.
      onValueChange={(next) => onChange(methods.filter((method) => next.includes(method)))}
      aria-label="Candidates"
    >
      <MethodGroups methods={methods}>
        {({ name, label, whole }) => (
          <ToggleGroup.Item key={name} value={name} className={chip.chip} aria-label={whole} title={whole}>
            <MethodSwatch look={lookOf(name)} />
            {label}
          </ToggleGroup.Item>
        )}
      </MethodGroups>
    </ToggleGroup.Root>
  );
}
