"""The registers of the simulated district: people, families and companies that exist nowhere, coherent in every register."""
