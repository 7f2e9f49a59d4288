import logo from '../../design/arrowhead.svg';
import { FileDrop } from '../library/file-drop.tsx';
import { CalibrateButton } from './calibrate-button.tsx';
import { GenerateButton } from './generate-button.tsx';
import { ModelPicker } from './model-picker.tsx';
import { SamplesField } from './samples-field.tsx';
import { SamplingField } from './sampling-field.tsx';
import { StatusStrip } from './status-strip.tsx';
import styles from './top-bar.module.css';

/** What to make, from what, and what the host does about it. */
export function TopBar() {
  return (
    <header>
      <div className={styles.bar}>
        <h1 className={styles.brand}>
          <img src={logo} width={24} height={24} alt="Arrowhead" />
        </h1>
        <ModelPicker />
        <SamplesField />
        <SamplingField />
        <CalibrateButton />
        <GenerateButton />
      </div>
      <StatusStrip />
      <FileDrop />
    </header>
  );
}
