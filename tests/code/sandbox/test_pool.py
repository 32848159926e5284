import os
import signal
import time

from agentic_diffusion_code.sandbox import ProcessSandbox


def test_a_killed_helper_is_replaced():
    with ProcessSandbox() as sandbox:
        assert sandbox.run("print(1)").status == "ok"
        pool = sandbox._pools["python"]
        first = pool.helper()
        os.kill(first._process.pid, signal.SIGKILL)
        for worker in list(first._workers.values()):
            worker.kill()
        first._channel.shutdown(2)
        assert first.dead.wait(5)
        assert sandbox.run("print(2)").stdout == "2\n"
        assert pool.helper() is not first


def test_a_killed_worker_is_replaced():
    with ProcessSandbox(parked=2) as sandbox:
        sandbox.warm_up()
        for worker in list(sandbox._pools["python"]._parked):
            worker.kill()
            worker.gone.wait(5)
        assert sandbox.run("print(3)").stdout == "3\n"


def test_other_disks_are_not_kept_for_ever():
    with ProcessSandbox(parked=1) as sandbox:
        pool = sandbox._pool(sandbox._tools("python"))
        sandbox.warm_up()
        for size in (1 << 20, 2 << 20, 3 << 20):
            pool.park(size)
        assert len(pool._parked) <= 2
        sandbox.settle()
        time.sleep(0.05)
        assert pool.helper().alive() == len(pool._parked)
