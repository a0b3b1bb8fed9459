"""What can be wrong with the machine rather than with the program or its input."""


class EnvironmentProblem(Exception):
    """The machine lacks something; says what it is and how to get it, in both languages."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")
        self.zh = zh
        self.en = en
