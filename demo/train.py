"""Trains the demo checkpoint from nothing but rendered scenes.

    python demo/train.py --out OUT [--minutes 9.5] [--resume-from FOLDER]
    torchrun --standalone --nproc-per-node gpu demo/train.py --out OUT ...      # on all GPUs of the host

Stages run in order, each with a budget in seconds: vae, judge, flow, distill; then evaluation, export and sheets. A call
stops after --minutes and the next goes on where it was; the last writes OUT/checkpoint, OUT/evaluation.json and sheets.
Needs NVIDIA GPUs, nvcc, PyTorch and transformers; without a GPU it goes through the motions with a few pictures on the CPU.
"""

import argparse
import json
import time
from pathlib import Path

import torch

from training import export, judge, parallel, stages
from training.pool import LatentPool
from training.render import Renderer, stream
from training.state import StageClock, TrainingState
from training.vae_stage import train_vae

BUDGETS = {"vae": 150.0, "judge": 30.0, "flow": 1000.0, "distill": 100.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the state between calls and the results")
    parser.add_argument("--minutes", type=float, default=9.5, help="how long this call may train")
    parser.add_argument("--flow-seconds", type=float, help="budget of the flow stage, to train a resumed model for longer")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every stage's budget; 0.05 tries everything out")
    parser.add_argument("--compact-to", type=Path, help="also write a small state here now and then, to go on on another machine")
    parser.add_argument("--resume-from", type=Path, help="folder with a small state")
    parser.add_argument("--prompts", type=Path, default=Path(__file__).with_name("prompts.json"))
    args = parser.parse_args()

    parallel.start()
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.enable_cudnn_sdp(False)
    torch.manual_seed((time.time_ns() + 7919 * parallel.RANK) % 2**31)
    Training(args).run()
    parallel.finish()


class Training:
    """One call: the stages that are left, as far as the time allows."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.out = args, args.out
        self.deadline = time.monotonic() + 60 * args.minutes
        budgets = BUDGETS | ({"flow": args.flow_seconds} if args.flow_seconds else {})
        self.budgets = {stage: seconds * args.scale for stage, seconds in budgets.items()}
        self.prompts = json.loads(args.prompts.read_text())
        self.state = TrainingState(args.out)
        self.resumed = self.state.load(args.resume_from)
        self.judge = self.pool = None

    def run(self) -> None:
        if parallel.MAIN:
            transformer, decoder = (sum(p.numel() for p in part.parameters()) for part in (self.state.model.transformer, self.state.vae.decoder))
            print(f"{'resumed' if self.resumed else 'new'}: {self.state.spent}; {parallel.WORLD} processes", flush=True)
            print(f"transformer {transformer / 1e6:.2f} M, decoder {decoder / 1e6:.2f} M", flush=True)
            export.save_grid(Renderer()(next(stream(16, 1, workers=1))[0], 256, 256), 4, self.out / "renders.jpg")
        for stage in (self.train_vae, self.train_judge, self.train_flow, self.distill):
            if not stage():
                break
            self.state.save()
            self.save_compact()
        else:
            if parallel.MAIN:
                self.finish()
            return
        self.state.save()
        self.save_compact()
        if parallel.MAIN:
            print(f"stopped at the time limit; call again to go on: {self.state.spent}", flush=True)

    def clock(self, stage: str) -> StageClock:
        """Does not go where too little time is left: a stage needs a minute to fill its pool and compile before it trains."""
        clock = StageClock(self.state, stage, self.budgets[stage], self.deadline)
        if parallel.agreed(self.deadline - time.monotonic()) < 60:
            clock.go = False
        return clock

    def stage(self, name: str, train) -> bool:
        """Whether the stage is done, after training it if it was not."""
        clock = self.clock(name)
        if clock.done():
            return True
        if not clock.go:
            return False
        train(clock, int(1000 * clock.elapsed()) + len(name))
        return clock.done()

    def train_vae(self) -> bool:
        return self.stage("vae", lambda clock, seed: train_vae(self.state, clock, seed))

    def train_judge(self) -> bool:
        """Before the flow stage, so that its progress can be measured. Not kept between calls, since half a minute makes it."""
        self.state.spent.pop("judge", None)

        def train(clock, seed) -> None:
            self.judge = judge.train_judge(self.state, clock, seed)

        return self.stage("judge", train)

    def latents(self, seed: int) -> LatentPool:
        self.pool = self.pool or LatentPool(self.state.vae.eval().to(memory_format=torch.channels_last), seed)
        return self.pool

    def train_flow(self) -> bool:
        done = self.stage("flow", lambda clock, seed: stages.train_flow(self.state, clock, self.latents(seed), seed, self.check))
        if done and "distill" not in self.state.spent:
            weight = judge.choose_guidance(self.state, self.judge, 384 if parallel.ON_GPU else 2) if parallel.MAIN else 0.0
            self.state.guidance_weight = parallel.agreed(weight)
        return done

    def check(self) -> None:
        """How good the model is so far, and a state that outlives the machine."""
        self.state.save()
        self.save_compact()
        if parallel.MAIN:
            result = judge.evaluate(self.state, self.judge, 256, 78, 256, self.state.guidance_weight, two_passes=True)
            print(f"so far {json.dumps(result)}", flush=True)
            export.picture_sheet(self.state, self.prompts["evaluation"][:8], (256, 256), 4, self.out / "progress-256.jpg", two_passes=True)

    def distill(self) -> bool:
        return self.stage("distill", lambda clock, seed: stages.distill_guidance(self.state, clock, self.latents(seed), seed))

    def save_compact(self) -> None:
        if self.args.compact_to:
            self.state.save_compact(self.args.compact_to)

    def finish(self) -> None:
        export.export(self.state, self.out / "checkpoint")
        count = 1024 if parallel.ON_GPU else 8
        results = [
            judge.evaluate(self.state, self.judge, count, 77, 256),
            judge.evaluate(self.state, self.judge, count // 2, 78, 512),
            judge.evaluate(self.state, self.judge, count // 2, 79, 256, guidance=5.0),
        ]
        print(json.dumps(results, indent=2), flush=True)
        record = {"seconds": self.state.spent, "steps": self.state.counts, "guidance weight": self.state.guidance_weight, "processes": parallel.WORLD, "results": results}
        (self.out / "evaluation.json").write_text(json.dumps(record, indent=2) + "\n")
        shown = (self.prompts["evaluation"] + self.prompts["calibration"])[:16]
        export.picture_sheet(self.state, shown, (512, 512), 4, self.out / "sheet-512.jpg")
        export.picture_sheet(self.state, shown, (256, 256), 4, self.out / "sheet-256.jpg")
        print("finished", flush=True)


if __name__ == "__main__":
    main()
