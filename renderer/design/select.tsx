import { Check, ChevronDown } from 'lucide-react';
import { Select as Primitive } from 'radix-ui';
import styles from './select.module.css';

export interface SelectOption<T extends string> {
  readonly value: T;
  readonly label: string;
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly SelectOption<T>[];
  readonly onChange: (value: T) => void;
  readonly disabled?: boolean;
  /** `quiet`: a part of a line of text, such as a table's head. */
  readonly look?: 'plain' | 'quiet';
  /** Shown while `value` is none of the options. */
  readonly placeholder?: string;
}

/** One of a few named choices. `label` is its accessible name. */
export function Select<T extends string>(props: SelectProps<T>) {
  const { label, value, options, onChange, disabled = false, look = 'plain', placeholder } = props;
  return (
    <Primitive.Root value={value} onValueChange={(next) => onChange(next as T)} disabled={disabled}>
      <Primitive.Trigger className={`${styles.trigger} ${look === 'quiet' ? styles.quiet : ''}`} aria-label={label}>
        <Primitive.Value placeholder={placeholder} />
        <Primitive.Icon asChild>
          <ChevronDown size={14} aria-hidden />
        </Primitive.Icon>
      </Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content className={styles.list} position="popper" sideOffset={4} collisionPadding={8}>
          <Primitive.Viewport>
            {options.map((option) => (
              <Primitive.Item key={option.value} value={option.value} className={styles.item}>
                <Primitive.ItemText>{option.label}</Primitive.ItemText>
                <Primitive.ItemIndicator>
                  <Check size={14} aria-hidden />
                </Primitive.ItemIndicator>
              </Primitive.Item>
            ))}
          </Primitive.Viewport>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
