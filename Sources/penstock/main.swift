import ArgumentParser
import Yams

print("penstock")
