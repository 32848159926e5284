import subprocess
import sys

import agentic_diffusion_mcp
import pytest


def test_every_name_of_the_face_is_there():
    assert all(getattr(agentic_diffusion_mcp, name) for name in agentic_diffusion_mcp.__all__)
    assert set(agentic_diffusion_mcp.__all__) <= set(dir(agentic_diffusion_mcp))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = agentic_diffusion_mcp.nothing


def test_importing_it_imports_neither_torch_nor_mcp():
    code = "import sys, agentic_diffusion_mcp; assert not {'torch', 'mcp'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
