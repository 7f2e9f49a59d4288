import { Search, X } from 'lucide-react';
import { useRef } from 'react';
import { IconButton } from '../../design/button.tsx';
import { useShortcut } from '../../shortcuts/shortcuts.ts';
import { useApp } from '../../state/app-context.tsx';
import styles from './library-search.module.css';
import { allTags } from './run-filter.ts';

/** More would push the runs out of sight. */
const TAGS_SHOWN = 8;

interface LibrarySearchProps {
  readonly value: string;
  readonly onChange: (search: string) => void;
}

/** Search in names, prompts, tags; a click on a tag asks for it. */
export function LibrarySearch({ value, onChange }: LibrarySearchProps) {
  const input = useRef<HTMLInputElement>(null);
  const tags = useApp(({ runs }) => allTags(runs).slice(0, TAGS_SHOWN));
  useShortcut({ keys: '/', does: 'Search the library', where: 'Library' }, () => input.current?.focus());
  const words = value.split(/\s+/).filter((word) => word !== '');
  const toggle = (word: string) =>
    onChange((words.includes(word) ? words.filter((other) => other !== word) : [...words, word]).join(' '));
  return (
    <div className={styles.search}>
      <span className={styles.box}>
        <Search size={15} aria-hidden />
        <input
          ref={input}
          type="search"
          aria-label="Search the library"
          placeholder="Search runs"
          value={value}
          onChange={(event) => onChange(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && onChange('')}
        />
        {value !== '' && <IconButton label="Clear the search" icon={<X />} onClick={() => onChange('')} />}
      </span>
      {tags.length > 0 && (
        <div className={styles.tags}>
          {tags.map((tag) => {
            // A word of the search cannot hold spaces.
            const word = `#${tag.split(/\s/)[0]}`;
            return (
              <button
                key={tag}
                type="button"
                className={styles.tag}
                aria-pressed={words.includes(word)}
                onClick={() => toggle(word)}
              >
                #{tag}
              </button>
            );
          })}
        </div>
      )}
    </div>
  );
}
