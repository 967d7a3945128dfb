@isset($faults[$field])
    <span class="pvr-fault" role="alert">{{ $faults[$field] }}</span>
@endisset
