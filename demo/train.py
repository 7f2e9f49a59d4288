"""Trains the demo checkpoint from nothing but rendered scenes.

    python demo/train.py --out OUT [--minutes 9.5] [--resume-from FOLDER]

Stages run in order, each with a budget in seconds: vae, flow, distill, then judge, evaluation, export and sheets. A call
stops after --minutes and the next goes on where it was; the last writes OUT/checkpoint, OUT/evaluation.json and sheets.
Needs one NVIDIA GPU, nvcc, PyTorch and transformers.
"""

import argparse
import json
import time
from pathlib import Path

import torch

BUDGETS = {"vae": 150.0, "flow": 1150.0, "distill": 130.0, "judge": 45.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the state between calls and the results")
    parser.add_argument("--minutes", type=float, default=9.5, help="how long this call may train")
    parser.add_argument("--flow-seconds", type=float, help="budget of the flow stage, to train a resumed model for longer")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every stage's budget; 0.05 tries everything out")
    parser.add_argument("--compact-to", type=Path, help="also write a small state here at the end, to go on on another machine")
    parser.add_argument("--resume-from", type=Path, help="folder with a small state")
    parser.add_argument("--prompts", type=Path, default=Path(__file__).with_name("prompts.json"))
    args = parser.parse_args()

    from training import export, judge, stages
    from training.render import Renderer, stream
    from training.state import StageClock, TrainingState

    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.enable_cudnn_sdp(False)
    torch.manual_seed(time.time_ns() % 2**31)
    budgets = BUDGETS | ({"flow": args.flow_seconds} if args.flow_seconds else {})
    deadline = time.monotonic() + 60 * args.minutes
    state = TrainingState(args.out)
    resumed = state.load(args.resume_from)
    print(f"{'resumed' if resumed else 'new'}: {state.spent}", flush=True)
    count = sum(p.numel() for p in state.model.transformer.parameters())
    print(f"transformer {count / 1e6:.2f} M, decoder {sum(p.numel() for p in state.vae.decoder.parameters()) / 1e6:.2f} M", flush=True)
    if not resumed:
        export.save_grid(Renderer()(next(stream(16, 1, workers=1))[0], 256, 256), 4, args.out / "renders.jpg")

    prompts = json.loads(args.prompts.read_text())
    finished = True
    for stage, train in (("vae", stages.train_vae), ("flow", stages.train_flow), ("distill", stages.distill_guidance)):
        clock = StageClock(state, stage, budgets[stage] * args.scale, deadline)
        if clock.done():
            continue
        # A stage needs a minute to fill its pool and compile before it trains.
        if deadline - time.monotonic() < 60:
            finished = False
            break
        torch._dynamo.reset()
        train(state, clock, seed=int(1000 * state.spent.get(stage, 0)) + len(stage))
        state.save()
        if args.compact_to:
            state.save_compact(args.compact_to)
        finished = clock.done()
        if not finished:
            break
    if not finished:
        export.picture_sheet(state, prompts["evaluation"][:8], (256, 256), 4, args.out / "progress-256.jpg")
        export.export(state, args.out / "progress")
        print(f"stopped at the time limit; call again to go on: {state.spent}", flush=True)
        return

    export.export(state, args.out / "checkpoint")
    shown = (prompts["evaluation"] + prompts["calibration"])[:16]
    export.picture_sheet(state, shown, (512, 512), 4, args.out / "sheet-512.jpg")
    export.picture_sheet(state, shown, (256, 256), 4, args.out / "sheet-256.jpg")
    arbiter = judge.train_judge(state, StageClock(state, "judge", budgets["judge"] * args.scale, time.monotonic() + 120), seed=5)
    results = [judge.evaluate(state, arbiter, 1024, 77, 256), judge.evaluate(state, arbiter, 512, 78, 512)]
    (args.out / "evaluation.json").write_text(json.dumps({"seconds": state.spent, "steps": state.counts, "results": results}, indent=2) + "\n")
    print(json.dumps(results, indent=2), flush=True)


if __name__ == "__main__":
    main()
