"""`python -m onecity.project.cli` is the same as `onecity`; child processes are started this way."""

from onecity.project.cli.main import main

main()
