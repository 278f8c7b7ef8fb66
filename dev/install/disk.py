"""Do to an app's files what the plan says."""

from pathlib import Path

from dev.install.plan import Plan


def carry_out(plan: Plan) -> None:
    """Write and delete."""
    for name, content in plan.write.items():
        target = plan.app / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for name in plan.delete:
        (plan.app / name).unlink(missing_ok=True)
        _forget_compiled(plan.app / name)
        for folder in (plan.app / name).parents:
            if folder == plan.app or any(folder.iterdir()):
                break
            folder.rmdir()


def _forget_compiled(source: Path) -> None:
    """Delete what Python made of a source that went, when its functions ran in the app."""
    cache = source.parent / "__pycache__"
    if source.suffix != ".py" or not cache.is_dir():
        return
    for compiled in cache.glob(f"{source.stem}.*.pyc"):
        compiled.unlink()
    if not any(cache.iterdir()):
        cache.rmdir()
