// Uppy's core and S3 plugin, as they come from the registry, for the tests to drive.

import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import GoldenRetriever from '@uppy/golden-retriever'

Object.assign(globalThis, { AwsS3, GoldenRetriever, Uppy })
