<?php

declare(strict_types=1);

return [
    'file' => 'Zone file',
    'mode' => 'What is not in the file',
    'merge' => 'stays as it is',
    'replace' => 'is deleted',
    'check' => 'Check what would change',
    'take' => 'Make these changes',
    'nothing' => 'Nothing would change.',
    'changes' => 'Records that go (-) and come (+): :count',
    'more' => 'And :count more.',
    'ignored' => 'Passed over:',
    'line' => 'Line :line:',
];
