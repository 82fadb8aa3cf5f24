@_exported import RetortTraining
