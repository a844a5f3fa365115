// Unmodified Uppy core and plugins from the registry, as globals for the tests.

import AwsS3 from '@uppy/aws-s3'
import Uppy from '@uppy/core'
import GoldenRetriever from '@uppy/golden-retriever'

Object.assign(globalThis, { AwsS3, GoldenRetriever, Uppy })
