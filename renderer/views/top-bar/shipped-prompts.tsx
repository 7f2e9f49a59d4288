import { BookOpen } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { Button } from '../../design/button.tsx';
import menu from '../../design/menu.module.css';

interface ShippedPromptsProps {
  readonly prompts: readonly string[];
  readonly disabled: boolean;
  readonly onAdd: (prompt: string) => void;
}

/** Prompts that the model brings, to try. */
export function ShippedPrompts({ prompts, disabled, onAdd }: ShippedPromptsProps) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <Button look="quiet" icon={<BookOpen />} disabled={disabled}>
          Add one of the model’s
        </Button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="start" sideOffset={4} collisionPadding={8}>
          {prompts.map((prompt) => (
            <DropdownMenu.Item key={prompt} className={menu.item} onSelect={() => onAdd(prompt)}>
              {prompt}
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
