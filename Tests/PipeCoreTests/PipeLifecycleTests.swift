import PipeCore
import Testing

@Suite struct PipeLifecycleTests {
    private func after(_ events: PipeLifecycle.Event..., of family: PipeFamily, from state: PipeState = .provisioning) throws -> PipeState {
        var machine = PipeLifecycle(family: family, state: state)
        for event in events { try machine.apply(event) }
        return machine.state
    }

    @Test func aStreamingLife() throws {
        #expect(try after(.provisioningBegan, .runningBegan, of: .streaming) == .running)
        #expect(try after(.stopRequested, of: .streaming, from: .running) == .stopping)
        #expect(try after(.stopRequested, .stopFinished, of: .streaming, from: .running) == .stopped)
        #expect(try after(.startRequested, of: .streaming, from: .stopped) == .provisioning)
    }

    @Test func aDatabaseLife() throws {
        #expect(try after(.provisioningBegan, of: .database) == .setup)
        #expect(try after(.provisioningBegan, .snapshotBegan, of: .database) == .snapshot)
        #expect(try after(.stopRequested, of: .database, from: .running) == .pausing)
        #expect(try after(.stopRequested, .stopFinished, of: .database, from: .running) == .paused)
    }

    @Test func editingTablesWakesAPausedPipe() throws {
        #expect(try after(.tablesEdited, of: .database, from: .paused) == .modifying)
        #expect(try after(.tablesEdited, .provisioningBegan, .snapshotBegan, of: .database, from: .paused) == .snapshot)
        #expect(try after(.tablesEdited, of: .database, from: .failed) == .failed)
        #expect(try after(.tablesEdited, of: .streaming, from: .stopped) == .stopped)
        #expect(try after(.resyncRequested, .provisioningBegan, .snapshotBegan, .runningBegan, of: .database, from: .completed) == .running)
    }

    @Test func endings() throws {
        #expect(try after(.finished, of: .objectStorage, from: .running) == .completed)
        #expect(try after(.failed(.user), of: .streaming, from: .running) == .failed)
        #expect(try after(.failed(.bug), of: .streaming, from: .running) == .internalError)
        #expect(try after(.stopRequested, of: .streaming, from: .failed) == .stopped)
        #expect(try after(.stopRequested, of: .database, from: .internalError) == .paused)
        #expect(try after(.stopRequested, of: .objectStorage, from: .completed) == .completed)
        #expect(try after(.startRequested, of: .streaming, from: .failed) == .provisioning)
    }

    @Test func refusals() {
        for state in [PipeState.running, .provisioning, .snapshot, .setup, .degraded] {
            #expect(throws: PipeLifecycle.Refusal.alreadyRunning) { try after(.startRequested, of: .streaming, from: state) }
        }
        #expect(throws: PipeLifecycle.Refusal.completed) { try after(.startRequested, of: .objectStorage, from: .completed) }
    }

    /// Late news from a runner that is being stopped changes nothing; stopping twice is stopping once.
    @Test func lateObservations() throws {
        for event in [PipeLifecycle.Event.provisioningBegan, .runningBegan, .snapshotBegan, .stopRequested] {
            #expect(try after(event, of: .streaming, from: .stopping) == .stopping)
            #expect(try after(event, of: .streaming, from: .stopped) == .stopped)
            #expect(try after(event, of: .database, from: .pausing) == .pausing)
        }
        #expect(try after(.stopFinished, of: .streaming, from: .failed) == .failed)
    }

    /// From every state, whatever happens, an observation is never refused and rest is reached by stopping.
    @Test func everyStateCanBeStopped() throws {
        for family in [PipeFamily.streaming, .objectStorage, .database] {
            for state in PipeState.allCases {
                #expect(try after(.stopRequested, .stopFinished, of: family, from: state).isAtRest)
            }
        }
    }
}

@Suite struct ScalingTests {
    private func patch(_ body: JSONValue) -> (CDCScaling, [String]) {
        var problems: [Problem] = []
        let result = CDCScaling.initial.patched(body, problems: &problems)
        return (result, problems.map(\.field.description))
    }

    @Test func theOtherSizeFollows() {
        #expect(patch(["replicaCpuMillicores": 4000]) == (CDCScaling(replicaCpuMillicores: 4000, replicaMemoryGb: 16), []))
        #expect(patch(["replicaMemoryGb": 4]) == (CDCScaling(replicaCpuMillicores: 1000, replicaMemoryGb: 4), []))
        #expect(patch(["replicaMemoryGb": 128]) == (CDCScaling(replicaCpuMillicores: 32000, replicaMemoryGb: 128), []))
        #expect(patch(["replicaCpuMillicores": nil, "replicaMemoryGb": nil]) == (.initial, []))
        #expect(patch([:]) == (.initial, []))
        #expect(patch(["replicaCpuMillicores": 3000, "replicaMemoryGb": 12.0]).1 == [])
    }

    @Test func aDatabasePipeGrowsWithItsService() {
        #expect(CDCScaling.initial.pipeScaling == PipeScaling())
        #expect(CDCScaling(replicaCpuMillicores: 1000, replicaMemoryGb: 4).pipeScaling.replicaMemoryGb == 0.5)
        #expect(CDCScaling(replicaCpuMillicores: 8000, replicaMemoryGb: 32).pipeScaling.replicaMemoryGb == 2)
    }

    @Test func refusals() {
        #expect(patch(["replicaCpuMillicores": 1500]).1 == ["replicaCpuMillicores"])
        #expect(patch(["replicaCpuMillicores": 500]).1 == ["replicaCpuMillicores"])
        #expect(patch(["replicaMemoryGb": 6]).1 == ["replicaMemoryGb"])
        #expect(patch(["replicaMemoryGb": 132]).1 == ["replicaMemoryGb"])
        for size in [1e300, -1e300] { #expect(patch(["replicaMemoryGb": .number(size)]).1 == ["replicaMemoryGb"]) }
        #expect(patch(["replicaCpuMillicores": 2000, "replicaMemoryGb": 16]).1 == ["replicaMemoryGb"])
        #expect(patch(["replicaCpuMillicores": "2000"]).1 == ["replicaCpuMillicores"])
    }

    @Test func pipeScalingHasTheSmallestSizeByDefault() throws {
        var problems: [Problem] = []
        let checked = PipeScaling.schema.checked([:], mode: .create, problems: &problems)
        #expect(try checked.decode(PipeScaling.self) == PipeScaling())
        #expect(problems == [])
    }
}
