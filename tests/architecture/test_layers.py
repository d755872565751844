"""Who may import whom is a contract, and a gateway alone stays small."""

import ast
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
#: Libraries of the server and of cameras, by the name they are imported under.
NOT_IN_A_GATEWAY = ("fastapi", "sqlalchemy", "cv2", "jinja2", "numpy")
#: What cannot run where a gateway is installed alone.
WANT_MORE: dict[str, list[str | Path]] = {"orderlight-server": ["doctor"], "orderlight-sim": ["demo"]}


def test_the_import_contracts_hold() -> None:
    checked = subprocess.run([BIN / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_gateway_installed_alone_brings_neither_fastapi_nor_sqlalchemy_nor_opencv(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    _run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    _run([BIN / "uv", "pip", "install", "-q", "--python", venv, "-c", "requirements.lock", ".[gateway]"])
    python = venv / "bin" / "python"

    present = _run(
        [python, "-c", f"import importlib.util as u; print([n for n in {NOT_IN_A_GATEWAY} if u.find_spec(n)])"]
    )
    helped = _run([venv / "bin" / "orderlight-gateway", "--help"])
    # The drivers of pictures are there; what they need is told in words when a device asks for it.
    pictures = "import gateway.sources.camera, gateway.sources.drop_folder, gateway.vision as v; print(v.missing())"
    asked = _run([python, "-c", pictures])
    identified = _run([venv / "bin" / "orderlight-gateway", "identify"], given="09506000134352\n")
    without = [_run([venv / "bin" / name, *more], code=1) for name, more in WANT_MORE.items()]

    assert present.strip() == "[]"
    assert "run" in helped
    assert "opencv-python-headless, zxing-cpp" in asked
    assert '"gtin": "09506000134352"' in identified
    # Programs that need more than is there say what, in one sentence.
    assert without == [
        "This needs sqlalchemy, which is not installed. Type: pip install 'orderlight[server]'\n",
        "This needs urllib3, which is not installed. Type: pip install 'orderlight[server,gateway,simulators]'\n",
    ]


def test_what_draws_is_loaded_with_the_first_print_and_not_with_the_server() -> None:
    drawing = {"weasyprint", "pypdfium2", "zxingcpp", "barcode", "PIL", "numpy"}
    loaded = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "server").rglob("*.py")
        for statement in ast.parse(path.read_text()).body
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for name in [getattr(statement, "module", None) or statement.names[0].name]
        if name.partition(".")[0] in drawing
    }

    assert loaded == set()


def _run(command: list[str | Path], *, given: str | None = None, code: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code, f"{command} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}"
    return ended.stdout if code == 0 else ended.stderr
