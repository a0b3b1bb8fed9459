from zhike.cli import main

main(prog_name="zhike")
