import { Check, Moon, Sun, SunMoon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { Settings } from '../../../electron/contract.ts';
import { IconButton } from '../../design/button.tsx';
import menu from '../../design/menu.module.css';
import { useApp } from '../../state/app-context.tsx';

const THEMES = [
  { value: 'system', label: 'As the system', icon: <SunMoon aria-hidden /> },
  { value: 'light', label: 'Light', icon: <Sun aria-hidden /> },
  { value: 'dark', label: 'Dark', icon: <Moon aria-hidden /> },
] as const satisfies readonly { value: Settings['theme']; label: string; icon: unknown }[];

export function ThemeMenu() {
  const [theme, changeSettings] = useApp((state) => [state.settings?.theme ?? 'system', state.changeSettings]);
  const current = THEMES.find(({ value }) => value === theme)!;
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <IconButton label={`Appearance: ${current.label.toLowerCase()}`} icon={current.icon} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={menu.menu} align="end" sideOffset={4} collisionPadding={8}>
          <DropdownMenu.RadioGroup
            value={theme}
            onValueChange={(next) => changeSettings({ theme: next as Settings['theme'] })}
          >
            {THEMES.map(({ value, label, icon }) => (
              <DropdownMenu.RadioItem key={value} value={value} className={menu.item}>
                {icon}
                {label}
                <kbd>
                  <DropdownMenu.ItemIndicator>
                    <Check aria-hidden />
                  </DropdownMenu.ItemIndicator>
                </kbd>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
