"""A process tied to the one that starts it: when that is killed, this one is as well. It is run as a file.

`tether.py <process id of the parent> <command> ...` asks the system for a kill at the parent's end (Linux alone), and
then becomes the command. What is asked for lasts through that, and is for the command alone, not for what it starts.
The system takes the end of the thread that started this process for the end of the parent.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the command."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("The process that started this one has ended.")
    os.execvp(command[0], command)  # noqa: S606 - the command is that of the caller


if __name__ == "__main__":
    main()
