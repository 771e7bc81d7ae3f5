"""Operations that several sources share: who is asked for or told what, how, and what their answers make together (4.3.6)."""
